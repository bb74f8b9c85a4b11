import { z } from 'zod';
import { Channel, ChannelInput, ChannelTest, Notification } from './channel.ts';
import { listOf, listQuery } from './lists.ts';
import { route } from './route.ts';

const Id = z.strictObject({ id: z.string().min(1).max(128) });

/** Lines of the route table about reaching reviewers. */
export const CHANNEL_ROUTES = {
  listChannels: route({
    method: 'get',
    path: '/api/v1/hitl/channels',
    scope: 'members:manage',
    tag: 'Reviews',
    summary: 'List the channels over which reviewers are reached, by id',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(Channel) },
  }),
  createChannel: route({
    method: 'post',
    path: '/api/v1/hitl/channels',
    scope: 'members:manage',
    tag: 'Reviews',
    summary: 'Add a channel; its URL and secret are stored sealed and never shown again',
    request: { body: ChannelInput },
    responses: { 201: Channel },
  }),
  disableChannel: route({
    method: 'delete',
    path: '/api/v1/hitl/channels/{id}',
    scope: 'members:manage',
    tag: 'Reviews',
    summary: 'Send nothing over this channel any more',
    request: { params: Id },
    responses: { 204: null },
  }),
  testChannel: route({
    method: 'post',
    path: '/api/v1/hitl/channels/{id}/test',
    scope: 'members:manage',
    tag: 'Reviews',
    summary: 'Send a test message once and answer what came of it; by e-mail to whoever asks',
    request: { params: Id },
    responses: { 200: ChannelTest },
  }),
  listNotifications: route({
    method: 'get',
    path: '/api/v1/hitl/reviews/{id}/notifications',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'What was sent about a review, newest first',
    request: { params: Id, query: z.strictObject(listQuery) },
    responses: { 200: listOf(Notification) },
  }),
} as const;
