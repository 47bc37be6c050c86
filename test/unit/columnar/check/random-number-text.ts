/** Texts of numbers, most of them right for the type, many at an edge. */
import type { PrimitiveType } from '../../../../src/record/types.ts';
import type { Chance } from '../../../support/chance.ts';

export function integerText(chance: Chance, bits: 32 | 64): string {
  const edge = 2n ** BigInt(bits - 1);
  return chance.pick([
    () => String(chance.between(-1000, 1000)),
    () => String(BigInt.asIntN(bits, BigInt(`0x${chance.bytes(bits / 8).toString('hex')}`))),
    () => String(BigInt.asIntN(bits, BigInt(`0x${chance.bytes(bits / 8).toString('hex')}`))),
    () => String(edge - BigInt(chance.below(3))),
    () => String(-edge + BigInt(chance.between(-1, 2))),
    () => '-0',
    () => '0',
    () =>
      chance.oneIn(6)
        ? chance.pick(['1.0', '1e3', '"12"', '007', '-', '+1', '1.', '.5', 'NaN', chance.digits(25)])
        : '1',
  ])();
}

export function floatText(chance: Chance, bits: 32 | 64): string {
  return chance.pick([
    () => plainNumber(chance),
    () => plainNumber(chance),
    () => String((chance.float() - 0.5) * 10 ** chance.between(-30, 30)),
    () => scientific(chance, bits === 32 ? 46 : 330),
    () => (bits === 32 ? nearFloatTie(chance) : nearDouble(chance)),
    () => chance.pick(['-0', '-0.0', '0', '0e5', '-0e5', '1e-400', '-1e-400', '5e-324', '2.4703282292062327e-324']),
    () => chance.pick(['"NaN"', '"Infinity"', '"-Infinity"', '9007199254740993', '18446744073709551615']),
    () => chance.digits(chance.between(1, 45)).replace(/^0+(?=.)/, ''),
    () =>
      chance.pick([
        '3.4028235e38',
        '3.4028235677973366e38',
        '-3.4028235677973365e38',
        '3.40282356779733661637539395458142568447e38',
      ]),
    () =>
      chance.oneIn(6)
        ? chance.pick([
            '"nan"',
            '"1.5"',
            'Infinity',
            '1e999',
            '-1e999',
            '1.',
            '.1',
            '01',
            '1e',
            '1e+',
            `0.${'0'.repeat(1000)}`,
          ])
        : '2.5',
  ])();
}

export function decimalText(chance: Chance, type: Extract<PrimitiveType, { kind: 'decimal' }>): string {
  const whole = type.precision - type.scale;
  const wholeDigits = chance.oneIn(12) ? whole + 1 : chance.between(0, whole);
  const scaleDigits = chance.oneIn(12) ? type.scale + 1 : chance.between(0, type.scale);
  let text = chance.digits(wholeDigits).replace(/^0+(?=.)/, '') || '0';
  if (scaleDigits > 0)
    text += `.${chance.digits(scaleDigits)}${chance.oneIn(8) ? '0'.repeat(chance.between(1, 40)) : ''}`;
  if (chance.oneIn(2)) text = `-${text}`;
  if (chance.oneIn(8)) text += `${chance.pick(['e', 'E', 'e+', 'E-'])}${chance.pick([0, 1, 2, 5, 30, 99_999])}`;
  if (chance.oneIn(30))
    text = chance.pick(['.5', '5.', '1e', '+1', '-', '', '1,5', '0x1', 'NaN', '0e99999', '0.0e-99999']);
  return chance.oneIn(2) ? `"${text}"` : text;
}

const plainNumber = (chance: Chance): string =>
  `${chance.pick(['', '-'])}${chance.below(10 ** chance.between(1, 9))}${chance.oneIn(3) ? '' : `.${chance.digits(chance.between(1, 12))}`}`;

const scientific = (chance: Chance, reach: number): string =>
  `${chance.pick(['', '-'])}${chance.between(1, 9)}.${chance.digits(chance.between(1, 20))}${chance.pick(['e', 'E'])}${chance.between(-reach, reach)}`;

function nearDouble(chance: Chance): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, chance.below(2 ** 32));
  view.setUint32(4, chance.below(2 ** 32));
  const value = view.getFloat64(0);
  return Number.isFinite(value) ? String(value) : '1e308';
}

/** Halfway between two floats, exactly or nearly: where rounding twice goes wrong. */
function nearFloatTie(chance: Chance): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, chance.below(2 ** 32));
  const low = view.getFloat32(0);
  view.setUint32(0, (view.getUint32(0) + 1) >>> 0);
  const high = view.getFloat32(0);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return '3.4028235677973366e38';
  const exact = exactText((low + high) / 2);
  return chance.pick([exact, `${exact}1`, `${exact.slice(0, -1)}4${chance.digits(5)}`, `${exact}${'0'.repeat(30)}1`]);
}

/** The full decimal expansion of a double, with a fraction. */
function exactText(value: number): string {
  let scaled = Math.abs(value);
  let twos = 0;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    twos += 1;
  }
  // n / 2^t = n·5^t / 10^t
  const digits = (BigInt(scaled) * 5n ** BigInt(twos)).toString().padStart(twos + 1, '0');
  const text = twos === 0 ? `${digits}.0` : `${digits.slice(0, -twos)}.${digits.slice(-twos)}`;
  return value < 0 ? `-${text}` : text;
}
