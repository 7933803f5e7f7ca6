import { defineConfig } from '@playwright/test';

const { PORT, CHROMIUM } = process.env;
const { executablePath, args } = JSON.parse(CHROMIUM);

export default defineConfig({
  use: { baseURL: `http://localhost:${PORT}`, launchOptions: { executablePath, args } },
  webServer: { command: `npx vite --port ${PORT} --strictPort`, port: Number(PORT) },
});
