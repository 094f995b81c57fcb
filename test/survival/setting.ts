/** What the programs here are told, and how they tell what they see. */
import { randomInt } from 'node:crypto';

/** @returns the environment's word, or the other one when there is none or it is empty */
export function setting(name: string, otherwise: string): string {
  const given = process.env[name];
  return given === undefined || given === '' ? otherwise : given;
}

/** @throws Error that says what it may be */
export function numberSetting(name: string, otherwise: number, least: number): number {
  const text = setting(name, String(otherwise));
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  throw new Error(`${name} must be a number of at least ${String(least)}, not ${text}.`);
}

export const seed = setting('SEED', String(randomInt(1_000_000)));

export function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}
