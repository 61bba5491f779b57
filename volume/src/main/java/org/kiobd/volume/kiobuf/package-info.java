/**
 * Requests and their memory: a {@link org.kiobd.volume.kiobuf.Kiobuf} is one request with its own completion, a
 * {@link org.kiobd.volume.kiobuf.KiobufChain} links adjacent requests without a copy, a {@link org.kiobd.volume.kiobuf.ChainCursor} is a
 * position that can cut a chain anywhere without changing it, and the {@link org.kiobd.volume.kiobuf.PagePool} limits the memory of
 * requests.
 *
 * <p>Threads: a request and its chain are confined to their loop; the pool is shared. Not here: merging (package {@code queue}).
 */
@NullMarked
package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.NullMarked;
