// fastify, its schemas compiled for validation and for the answer.
//
//   node server.js PORT
import fastify from 'fastify';

const text = (minLength, maxLength) => ({ type: 'string', minLength, maxLength });
const object = (properties, optional = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const item = object({
  sku: text(1, 40),
  name: text(1, 80),
  quantity: { type: 'integer', minimum: 1, maximum: 1000 },
  unit_price_cents: { type: 'integer', minimum: 0, maximum: 100000000 },
});

const order = object({
  id: text(36, 36),
  customer: object({ name: text(1, 80), email: text(3, 254), phone: text(0, 40) }, ['phone']),
  items: { type: 'array', items: item, minItems: 1, maxItems: 50 },
  shipping: object({ street: text(1, 120), city: text(1, 80), postal_code: text(1, 16), country: text(2, 2) }),
  discount: { type: 'number', minimum: 0, maximum: 1 },
  gift: { type: 'boolean' },
  note: text(0, 500),
}, ['note']);

const server = fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
server.get('/plaintext', (request, reply) => reply.type('text/plain').send('Hello, World!'));
server.post('/orders', { schema: { body: order, response: { 200: order } } }, async (request) => request.body);
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
