/** The arrows: services → actors → proto, web → actors/core → proto; never back; services never import each other. */
const ROOM = (path) => `^${path}`;
const outwards = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    outwards('no-cycles', 'A cycle has no first file to read.', {}, { circular: true }),
    outwards(
      'core-is-pure',
      'The decisions import nothing but each other and the words: no npm, no node, no edges.',
      { path: ROOM('actors/core/'), pathNot: '\\.(test|testkit)\\.ts$' },
      { pathNot: ['^actors/core/', '^proto/'] },
    ),
    outwards(
      'cell-knows-core-only',
      'The shell reaches the world through its ports; adapters are given to it.',
      { path: ROOM('actors/cell/'), pathNot: '\\.test\\.ts$' },
      { pathNot: ['^actors/(cell|core)/', '^proto/'] },
    ),
    outwards(
      'proto-imports-nothing',
      'The words depend on nobody.',
      { path: ROOM('proto/') },
      { pathNot: ['^proto/', '^node_modules/@bufbuild/'] },
    ),
    outwards(
      'services-apart',
      'Services meet in the database and on the bus, not in code.',
      { path: '^services/(?!adapters/)([^/]+)/' },
      { path: '^services/', pathNot: ['^services/$1/', '^services/adapters/'] },
    ),
    outwards(
      'adapters-import-no-service',
      'An edge serves whoever composes it.',
      { path: ROOM('services/adapters/') },
      { path: '^services/', pathNot: '^services/adapters/' },
    ),
    outwards(
      'services-import-downwards',
      'A service stands on actors and proto; tests, bench and dev stand on it, never the other way round.',
      { path: ROOM('services/'), pathNot: '\\.test\\.ts$' },
      { path: '^(web|test|loadtest|dev|data|charts|k8s|docs)/' },
    ),
    outwards(
      'web-stands-on-core',
      'The screens share the pure core with the server, nothing else.',
      { path: ROOM('web/'), pathNot: '\\.test\\.ts$' },
      { path: '^(services|actors/cell|test|dev|data|loadtest)/' },
    ),
    outwards(
      'no-test-in-production',
      'What tests use stays in tests.',
      { path: '^(actors|services|proto|web)/', pathNot: '\\.(test|testkit)\\.ts$' },
      { path: '\\.(test|testkit)\\.ts$|^test/' },
    ),
    outwards('resolvable', 'An import that leads nowhere.', {}, { couldNotResolve: true }),
    outwards(
      'no-dev-dependencies-in-production',
      'The image holds production dependencies only.',
      { path: '^(actors|services)/', pathNot: '\\.(test|testkit)\\.ts$' },
      { dependencyTypes: ['npm-dev'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(proto/gen|\\.run|web/dist)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.d.ts'],
    },
  },
};
