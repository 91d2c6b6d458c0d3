import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the policy allows no data: addresses for scripts, styles and fonts
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' }, // of the packages whose code is in the pages
  },
  server: { proxy: { '/api': 'http://localhost:5080', '/figures.css': 'http://localhost:5080' } },
});
