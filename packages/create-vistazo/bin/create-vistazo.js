#!/usr/bin/env node
// Plain old syntax on purpose: a Node too old for the rest must still be able to run this file.
var version = process.versions.node.split('.').map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 19)) {
  process.stderr.write(
    'Vistazo needs Node 22.19 or newer, but this is Node ' +
      process.versions.node +
      '; update Node and run it again.\n',
  );
  process.exit(1);
}
import('../dist/index.js').then((create) => create.main(process.argv.slice(2)));
