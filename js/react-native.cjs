// What Metro takes for iOS and Android (the condition "react-native" of package.json): the reason, where it is read.

throw new Error(
  'inbenta-auth does not run in React Native, which has no WebAssembly and sends no Origin. Let a server of yours ask the products.',
);
