/**
 * Where requests meet and merge: {@link org.kiobd.volume.queue.RequestQueue}, one per device and event loop, collects the requests of
 * one loop iteration behind a plug, merges adjacent ones, and issues chains to the device as members have room.
 *
 * <p>Threads: everything is confined to its loop. Not here: splitting over members (room {@code raid}), sockets.
 */
@NullMarked
package org.kiobd.volume.queue;

import org.jspecify.annotations.NullMarked;
