export { startTaskConsumer, type TaskConsumer } from './task-consumer.ts';
export { createTaskQueue, type Delivery, type TaskQueue } from './task-queue.ts';
