import assert from 'node:assert/strict';
import { it } from 'node:test';
import { routeLink } from '../../web/app/routeLink.ts';

const PLACE = { lat: -6.2, lon: 106.8 };
const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';

const APPLES = {
  'Safari of an iPhone': `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`,
  'Chrome of an iPhone': `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} CriOS/137.0 Mobile/15E148 Safari/604.1`,
  'on the home screen of an iPhone': `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} Mobile/15E148`,
  'an iPad that asks for mobile pages': `Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`,
  'an iPad as it comes, and a Mac': `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.5 Safari/605.1.15`,
};
const OTHERS = {
  'Chrome of Android':
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36',
  'Firefox of Android': 'Mozilla/5.0 (Android 14; Mobile; rv:139.0) Gecko/139.0 Firefox/139.0',
  'Samsung Internet':
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36',
  'Chrome of Linux':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36',
  nothing: '',
};

for (const [name, userAgent] of Object.entries(APPLES))
  it(`Apple's own maps: ${name}`, () =>
    assert.equal(routeLink(userAgent, PLACE), 'https://maps.apple.com/?daddr=-6.2,106.8'));

for (const [name, userAgent] of Object.entries(OTHERS))
  it(`whatever map app there is: ${name}`, () =>
    assert.equal(routeLink(userAgent, PLACE), 'geo:-6.2,106.8?q=-6.2,106.8'));
