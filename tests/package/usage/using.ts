// A client and an emulator that are disposed of at the end of their block. It only has to compile.

import { createFromDomainKey } from 'inbenta-auth';
import { startEmulator } from 'inbenta-auth/emulator';

export async function once(): Promise<number> {
  using client = createFromDomainKey('domain key', 'API key');
  const disposable: Disposable = client;
  return (await client.getToken()).accessToken.length + Number(disposable === client);
}

export async function emulate(): Promise<string> {
  await using emulator = await startEmulator();
  const disposable: AsyncDisposable = emulator;
  return emulator.endpoint + String(disposable === emulator);
}
