import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Token } from './token.jsx';

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <Token />
    <Token />
  </StrictMode>,
);
