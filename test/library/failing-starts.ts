/** A program of a user's whose gateway cannot start, again and again. It ends by itself when nothing of them is left behind. */
import type { GatewayOptions } from '../../src/index.ts';
import { productModule } from '../support/product-module.ts';

const { startGateway } = await productModule<typeof import('../../src/index.ts')>('index');

const starts = JSON.parse(process.argv[2]!) as GatewayOptions[];
const codes: string[] = [];
for (const options of starts) {
  codes.push(
    await startGateway(options).then(
      () => 'started',
      (error: { code: string }) => error.code,
    ),
  );
}
console.log(JSON.stringify({ codes, resources: process.getActiveResourcesInfo() }));
