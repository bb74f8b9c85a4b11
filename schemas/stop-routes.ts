import { z } from 'zod';
import { listOf, listQuery } from './lists.ts';
import { route } from './route.ts';
import { Stop, StopDetail, StopInput } from './stop.ts';
import { Sweep } from './sweep.ts';

const Id = z.strictObject({ id: z.string().min(1).max(128) });

/** Lines of the route table about stops, and about what a change does to reviews that wait. */
export const STOP_ROUTES = {
  createStop: route({
    method: 'post',
    path: '/api/v1/governance/stops',
    scope: 'agents:write',
    tag: 'Agents',
    summary: 'Stop agents: their new events are blocked at once, their parked reviews are refused',
    request: { body: StopInput },
    responses: { 202: Stop },
  }),
  listStops: route({
    method: 'get',
    path: '/api/v1/governance/stops',
    scope: 'agents:read',
    tag: 'Agents',
    summary: 'List stops, newest first',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(Stop) },
  }),
  getStop: route({
    method: 'get',
    path: '/api/v1/governance/stops/{id}',
    scope: 'agents:read',
    tag: 'Agents',
    summary: 'One stop, with the reviews it has cancelled',
    request: { params: Id, query: z.strictObject(listQuery) },
    responses: { 200: StopDetail },
  }),
  liftStop: route({
    method: 'post',
    path: '/api/v1/governance/stops/{id}/lift',
    scope: 'agents:write',
    tag: 'Agents',
    summary: 'Lift a stop; what it has cancelled stays cancelled',
    request: { params: Id },
    responses: { 200: Stop },
  }),
  getSweep: route({
    method: 'get',
    path: '/api/v1/hitl/sweeps/{id}',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'How far a pass over the pending reviews has come',
    request: { params: Id },
    responses: { 200: Sweep },
  }),
  cancelSweep: route({
    method: 'post',
    path: '/api/v1/hitl/sweeps/{id}/cancel',
    scope: 'agents:write',
    tag: 'Reviews',
    summary: 'End a pass; the reviews it has not come to stay as they are',
    request: { params: Id },
    responses: { 200: Sweep },
  }),
} as const;
