// A client that is disposed of at the end of its block. It only has to compile.

import { createFromDomainKey } from 'inbenta-auth';

export async function once(): Promise<number> {
  using client = createFromDomainKey('domain key', 'API key');
  const disposable: Disposable = client;
  return (await client.getToken()).accessToken.length + Number(disposable === client);
}
