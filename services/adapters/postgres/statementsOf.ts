/** Comments, strings, quoted names and dollar-quoted bodies in one piece each: a semicolon in them ends nothing. */
const LEXEMES = /--.*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|[\s\S]/g;
const COMMENT = /^(?:--|\/\*)/;

/** The statements of a script, in order, without the comments between them. Knows no `E'\''` and no nested comments. */
export function statementsOf(script: string): string[] {
  const statements = [''];
  for (const [lexeme] of script.matchAll(LEXEMES)) {
    if (lexeme === ';') statements.push('');
    else if (!COMMENT.test(lexeme)) statements.push(`${statements.pop() ?? ''}${lexeme}`);
  }
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}
