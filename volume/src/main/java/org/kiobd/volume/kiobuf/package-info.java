/**
 * Requests and their memory: {@link org.kiobd.volume.kiobuf.Kiobuf} is one request with its own completion,
 * {@link org.kiobd.volume.kiobuf.KiobufChain} adjacent ones joined without a copy, {@link org.kiobd.volume.kiobuf.ChainCursor} a position
 * that cuts a chain anywhere without changing it, {@link org.kiobd.volume.kiobuf.PagePool} the memory they may use.
 *
 * <p>Threads: a request and its chain are confined to their loop; the pool is shared. Not here: who merges ({@code queue}).
 */
@NullMarked
package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.NullMarked;
