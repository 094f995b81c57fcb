import { ProblemSchema } from './answers.ts';
import { Me, SessionAnswer } from './identity.ts';
import { Donor, DonorPage, Recipient, RecipientPage } from './organisations.ts';
import { Window, WindowList } from './windows.ts';
import { Offer, OfferPage, Surplus, SurplusPage, SurplusWithHistory } from './surplus.ts';

/** Schemas with a name of their own in the OpenAPI document. */
export const NAMED_SCHEMAS = [
  ProblemSchema,
  Offer,
  OfferPage,
  Surplus,
  SurplusPage,
  SurplusWithHistory,
  Donor,
  DonorPage,
  Recipient,
  RecipientPage,
  Window,
  WindowList,
  SessionAnswer,
  Me,
] as const;
