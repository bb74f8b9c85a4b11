import { destructiveVerb } from '../../../core/detection/destructive-names.ts';

describe('destructiveVerb', () => {
  it.each([
    'delete_account',
    'dropTable',
    'purge_queue',
    'wipe_device',
    'revoke_access',
    'terminate_instance',
    'shutdown',
    'shut_down_host',
    'format_disk',
    'reset_password',
    'change_password',
    'remove_user',
    'db.delete_rows',
    'disable_mfa',
    'truncate_logs',
  ])('finds the verb of %s', (name) => {
    expect(destructiveVerb(name)).not.toBeNull();
  });

  it.each([
    'cancel_reservation',
    'update_reservation_flights',
    'remove_item_from_cart',
    'format_date',
    'get_deleted_items',
    'list_delete_requests',
    'cancel_delete_request',
    'restore_dropped_table',
    'drop_off_location',
    'reset_filters',
    'change_address',
    'clear_cart',
    'delete_draft',
    'close_ticket',
    'performance_report',
  ])('finds none in %s', (name) => {
    expect(destructiveVerb(name)).toBeNull();
  });
});
