import { INFRASTRUCTURE_FAULTS } from './infrastructure-faults.ts';
import { describeFaults } from './lab/describe-faults.ts';

describeFaults(
  'a batch goes on, and every client gets everything, through',
  INFRASTRUCTURE_FAULTS.filter((fault) => fault.inSample !== true),
);
