export { createArtifactJanitor, type JanitorDeps } from './artifact-janitor.ts';
export { createDispatcher } from './dispatcher.ts';
export { createExpirer } from './expirer.ts';
export { type Housekeeper, type Housekeeping, startHousekeeping } from './housekeeper.ts';
export { type Leadership, startLeadership } from './leadership.ts';
export { createQueueGauge } from './queue-gauge.ts';
export { createRescuer } from './rescuer.ts';
export { createUploadSweeper } from './upload-sweeper.ts';
export { createWaker } from './waker.ts';
