/**
 * Queueing and merging of requests: a {@link org.kiobd.volume.queue.RequestQueue}, one per device and event loop, collects the requests
 * of one loop iteration in a plug, merges adjacent requests into chains, and issues the chains to the device as members have room.
 *
 * <p>Threads: everything is confined to its loop. Not here: splitting over members (module {@code raid}), sockets.
 */
@NullMarked
package org.kiobd.volume.queue;

import org.jspecify.annotations.NullMarked;
