//! The settings of the spool.

crate::settings! {
    /// The spool: how accepted mail goes on its way.
    pub struct DeliverySettings {
        /// Messages that are worked on at once.
        deliveries_max: usize = 256, "messages";
        /// Waits between the attempts of one message; the last one is used again and again.
        retry_minutes: Vec<u32> = vec![5, 10, 20, 40, 60, 120, 240, 360], "minutes";
        /// The sender is told of a delay after so long.
        delay_notice_hours: u32 = 4, "hours";
        /// A message that could not be delivered for so long is given up.
        give_up_hours: u32 = 120, "hours";
        /// A message that comes back to its sender is returned whole up to this size, beyond it only its header.
        returned_bytes_max: u64 = 50_000, "bytes";
    }
}
