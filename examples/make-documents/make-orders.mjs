/** Orders of an invented shop for gardens and balconies, first quarter of 2026, as CSV with semicolons. */
const PRODUCTS = [
  ['GT-1042', 'Garden trowel, ash handle', 14.9], ['PR-2210', 'Secateurs, left-handed', 38.5], ['WB-0071', 'Watering can 9 l, zinc', 46.0],
  ['SD-3301', 'Seed box, 24 kinds', 29.95], ['CF-1180', 'Cold frame 120 x 80 cm', 189.0], ['GL-0420', 'Leather gloves, pair', 22.4],
  ['HB-5006', 'Herb planter, larch', 74.0], ['CP-0911', 'Compost thermometer', 18.75], ['RB-7700', 'Raised bed kit 150 x 100 cm', 239.0], ['TW-0315', 'Jute twine 500 m', 9.6],
];
const CUSTOMERS = ['Calla & Finch Florists', 'Kindergarten Sonnenhang', 'H. Abubakar', 'Gartenfreunde Oberau e.V.', 'M. Delacroix', 'Hotel Seeblick', 'Pilar Navarrete', 'Allotments Mill Lane', 'J. Söderberg', 'Stadtgrün Neuwerk', 'Ateliers du Potager', 'R. Whitlock; Sons'];
const CITIES = ['Bristol', 'Freiburg', 'Lyon', 'Valencia', 'Innsbruck', 'Malmö', 'Gent', 'Leeds'];
const STATES = ['shipped', 'shipped', 'shipped', 'shipped', 'returned', 'cancelled', 'open'];

export function makeOrders() {
  let state = 4711;
  const next = (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
  const rows = ['order_id;date;customer;city;sku;product;quantity;unit_price_eur;total_eur;status'];
  let day = Date.UTC(2026, 0, 2);
  for (let i = 0; i < 260; i++) {
    day += next(3) === 0 ? 86_400_000 : 0;
    const [sku, product, price] = PRODUCTS[next(PRODUCTS.length)];
    const customer = CUSTOMERS[next(CUSTOMERS.length)];
    const quantity = 1 + next(12);
    const cells = [`SO-${26_0001 + i}`, new Date(day).toISOString().slice(0, 10), quote(customer), CITIES[next(CITIES.length)], sku, quote(product)];
    rows.push([...cells, quantity, price.toFixed(2), (quantity * price).toFixed(2), STATES[next(STATES.length)]].join(';'));
  }
  return `${rows.join('\r\n')}\r\n`;
}

const quote = (text) => (/[;"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
