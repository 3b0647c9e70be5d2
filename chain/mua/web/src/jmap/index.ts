export * from './client';
export * from './errors';
export * from './events';
export * from './methods';
export * from './request';
export * from './types';
export * from './upload';
