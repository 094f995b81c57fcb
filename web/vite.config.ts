import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

const icon = (size: number, purpose: string) => ({
  src: `/icon-${purpose === 'maskable' ? 'maskable-' : ''}${String(size)}.png`,
  sizes: `${String(size)}x${String(size)}`,
  type: 'image/png',
  purpose,
});

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // a polyfill for browsers without module preload would be an inline worry of the content policy
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  worker: { format: 'es' },
  plugins: [
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'sw',
      filename: 'sw.ts',
      // we register it ourselves: Trusted Types want a policy, and updates must not reload under a form
      injectRegister: false,
      injectManifest: {
        globPatterns: ['**/*.{js,css,html,svg,png,webmanifest}'],
        // Larger than all the rest, and wanted by whoever opens a map where there is one: loaded then.
        globIgnores: ['assets/streets-*', 'assets/maplibre-gl-worker-*'],
      },
      manifest: {
        id: '/',
        name: 'Pahlawan Pangan',
        short_name: 'Pahlawan',
        lang: 'id',
        start_url: '/',
        scope: '/',
        display: 'standalone',
        background_color: '#ffffff',
        theme_color: '#0b5d3b',
        icons: [
          icon(192, 'any'),
          icon(512, 'any'),
          icon(512, 'maskable'),
          { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
        ],
      },
    }),
  ],
});
