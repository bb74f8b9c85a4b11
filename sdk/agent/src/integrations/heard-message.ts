/** A turn of a conversation, in whichever framework it was written down. */
export interface HeardMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  text: string;
  /** Of a tool's result: the call it answers. */
  callId?: string | undefined;
  /** Of a tool's result: the tool. */
  name?: string | undefined;
  /** It has been governed on another way. */
  isGoverned?: boolean | undefined;
}
