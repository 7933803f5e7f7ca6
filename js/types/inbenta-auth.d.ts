export * from './inbenta-auth.cjs';
