import { constants, openSync, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** A pipe of our own end: as we got it, it would hold us up once it is full. */
function writeAtOnce(): (bytes: Buffer) => number {
  const { O_WRONLY, O_APPEND, O_NONBLOCK } = constants;
  let output = 1;
  try {
    output = openSync('/proc/self/fd/1', O_WRONLY | O_APPEND | O_NONBLOCK);
  } catch {
    // a socket, or no Linux: it stays as we got it
  }
  return (bytes) => writeSync(output, bytes);
}

/**
 * Each line at once; what can't be written is dropped, and the next line that can is preceded by how many were. A full disk below the log is no
 * reason to let food go bad: pino's own destination holds the process up until there is room, at its exit for ever. Nor is a reader of the log that
 * has stopped reading.
 * @param write as `fs.writeSync(1, …)`: bytes written; @throws when it can write none
 */
export function standardOutput(write = writeAtOnce()): DestinationStream {
  let dropped = 0;
  let isTorn = false;
  const put = (line: string): boolean => {
    let bytes = Buffer.from(isTorn ? `\n${line}` : line);
    try {
      while (bytes.length > 0) {
        bytes = bytes.subarray(write(bytes));
        // A line is written in parts where there is no room for the whole.
        isTorn = bytes.length > 0;
      }
      return true;
    } catch {
      return false;
    }
  };
  return {
    write: (line) => {
      if (dropped > 0 && put(`${JSON.stringify({ level: 40, msg: `${String(dropped)} lines were dropped` })}\n`))
        dropped = 0;
      if (dropped > 0 || !put(line)) dropped += 1;
    },
  };
}
