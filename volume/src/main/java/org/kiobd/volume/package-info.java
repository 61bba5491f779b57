/**
 * The contract between the modules: {@link org.kiobd.volume.BlockDevice} and its value types. Package {@code kiobuf} holds requests and
 * their memory, {@code queue} queues and merges them, {@code loop} holds the event loops.
 *
 * <p>Threads: each type documents its own rule. Not here: members (module {@code store}), striping (module {@code raid}), the wire
 * protocol (module {@code nbd-server}).
 */
@NullMarked
package org.kiobd.volume;

import org.jspecify.annotations.NullMarked;
