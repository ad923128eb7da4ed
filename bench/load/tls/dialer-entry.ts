/** The process of the dialer. */
import { answer } from '../ipc.ts';
import { Dialer, type DialOrder, type DialPlan } from './dialer.ts';

let dialer: Dialer;

answer({
  plan: (plan: DialPlan) => {
    dialer = new Dialer(plan);
  },
  open: (order: DialOrder) => dialer.open(order),
  close: () => dialer.close(),
});
