// For Stryker: the texts of hints are no behaviour. What a hint says is for readers; tests look at a few facts in it.

import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const isText = (path) => path.isStringLiteral() || path.isTemplateLiteral();

/** Whether a path is inside the table HINTS, or inside what a call of `invalid` is given. */
const isOfHint = (path) =>
  !!path.findParent(
    (parent) =>
      (parent.isVariableDeclarator() && ['HINTS', 'GATEWAY'].includes(parent.node.id.name)) ||
      (parent.isFunctionDeclaration() && parent.node.id.name == 'noOrigin') ||
      (parent.isCallExpression() && parent.node.callee.name == 'invalid'),
  );

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'hints', {
    shouldIgnore: (path) => (isText(path) && isOfHint(path) ? 'the text of a hint' : undefined),
  }),
];
