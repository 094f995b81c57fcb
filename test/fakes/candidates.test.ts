import { candidatesAcceptance } from '../acceptance/candidates.ts';
import { fakeCandidates } from './candidates.ts';

candidatesAcceptance('the fake', (recipients, nowMs) => {
  const fake = fakeCandidates(recipients, () => nowMs);
  return Promise.resolve({
    candidates: fake.candidates,
    lose: () => Promise.resolve(fake.believe(false)),
    stop: () => Promise.resolve(),
  });
});
