import { MAX_SAFE_DAYS } from '../words/food.ts';
import { cellOf, postedAtMsOf } from '../words/ids.ts';
import { regionOf } from '../geo/cell.ts';
import type { Answer, Post } from './command.ts';
import type { Lot } from './lot.ts';
import { place } from './place.ts';
import { create, type Turn } from './turn.ts';
import { answered, refuse } from './verdict.ts';

export function post(turn: Turn, command: Post): Answer {
  // Refused here, not at the door: a post that was taken before the pause keeps its answer.
  if (command.donorPaused === true) return refuse('donor-paused', 'You are paused: nothing is posted in your name.');
  if (command.safeUntilMs <= turn.nowMs) return refuse('unsafe', 'safeUntil has passed; the food cannot be offered.');
  if (command.safeUntilMs > turn.nowMs + MAX_SAFE_DAYS * 86_400_000) {
    return refuse('unsafe', `safeUntil must lie within ${String(MAX_SAFE_DAYS)} days.`);
  }
  const lot = create(turn, lotOf(turn, command), 'posted');
  place(turn, lot);
  return answered(turn, lot.id);
}

function lotOf(turn: Turn, command: Post): Lot {
  const cell = cellOf(command.lotId);
  return {
    id: command.lotId,
    rootId: command.lotId,
    parentId: null,
    cell,
    region: regionOf(cell, turn.facts.policy.regionLevel),
    donorId: command.donorId,
    state: 'posted',
    version: 1,
    quantityGrams: command.quantityGrams,
    postedGrams: command.quantityGrams,
    servings: command.servings,
    category: command.category,
    storage: command.storage,
    postedAtMs: postedAtMsOf(command.lotId),
    readyFromMs: command.readyFromMs ?? turn.nowMs,
    safeUntilMs: command.safeUntilMs,
    lat: command.lat,
    lon: command.lon,
    note: command.note,
    temperature: command.temperature ?? null,
    photo: command.photo ?? null,
    attempt: 0,
    tries: 0,
    radiusMeters: turn.facts.policy.radiusMeters,
    tried: [],
    offers: [],
    nextActionAtMs: turn.nowMs,
    pickupByMs: null,
    reminded: false,
    deadLettered: false,
  };
}
