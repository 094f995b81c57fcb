/** What every implementation of the TravelTimes port must do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Journey, TravelTimes } from '#cell/ports.ts';
import { estimateTravelSeconds } from '#core/geo/distance.ts';

const STATION = { lat: 60.1719, lon: 24.9414 };
const MARKET = { lat: 60.1675, lon: 24.9527 };

/** @param name of the implementation */
export function travelTimesAcceptance(
  name: string,
  make: () => Promise<{ travel: TravelTimes; stop(): Promise<void> }>,
): void {
  describe(`travel times: ${name}`, () => {
    it('has an answer for any journey at any time, and says where it is from', async () => {
      const { travel, stop } = await make();
      const journeys: Journey[] = [
        { from: STATION, to: MARKET, mode: 'bicycle' },
        { from: STATION, to: STATION, mode: 'pedestrian' },
        { from: { lat: -6.2, lon: 106.8 }, to: { lat: -6.21, lon: 106.81 }, mode: 'auto' },
        { from: { lat: 90, lon: 0 }, to: { lat: -90, lon: 180 }, mode: 'auto' },
      ];
      for (const journey of journeys) {
        const cold = travel.of(journey);
        assert.deepEqual(cold, {
          travelSeconds: estimateTravelSeconds(journey.from, journey.to, journey.mode),
          travelSource: 'estimate',
        });
      }
      await travel.warm([]);
      await travel.warm([...journeys, ...journeys]);
      for (const journey of journeys) {
        const { travelSeconds, travelSource } = travel.of(journey);
        assert.ok(Number.isInteger(travelSeconds) && travelSeconds >= 0);
        assert.ok(travelSource === 'route' || travelSource === 'estimate');
      }
      await stop();
    });
  });
}
