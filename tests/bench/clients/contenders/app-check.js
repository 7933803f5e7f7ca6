import { initializeApp } from '@firebase/app';
import { CustomProvider, getToken, initializeAppCheck } from '@firebase/app-check';

export default (api) => {
  const app = initializeApp({ projectId: 'bench', appId: 'bench', apiKey: 'api-key' });
  const provider = new CustomProvider({
    async getToken() {
      const answer = await fetch(`${api}/token`, { method: 'POST', body: 'key=domain-key' });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const { access_token: token, expires_in: seconds } = await answer.json();
      return { token, expireTimeMillis: Date.now() + seconds * 1000 };
    },
  });
  const appCheck = initializeAppCheck(app, { provider, isTokenAutoRefreshEnabled: true });
  return async () => (await getToken(appCheck)).token;
};
