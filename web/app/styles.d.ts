declare module '*.css';

/** Built by Vite into a file of its own. */
declare module '*?worker&url' {
  const url: string;
  export default url;
}
