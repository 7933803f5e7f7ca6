import { AuthClient } from '@supabase/auth-js';

export default (url, { session }) => {
  const items = { bench: JSON.stringify({ ...session, expires_at: 1 }) };
  const client = new AuthClient({
    url,
    headers: { apikey: 'api-key' },
    storageKey: 'bench',
    detectSessionInUrl: false,
    storage: {
      getItem: (key) => items[key] ?? null,
      setItem: (key, value) => void (items[key] = value),
      removeItem: (key) => void delete items[key],
    },
  });
  return async () => {
    const { data, error } = await client.getSession();
    if (error) throw error;
    return data.session.access_token;
  };
};
