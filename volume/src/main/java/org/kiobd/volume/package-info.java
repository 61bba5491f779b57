/**
 * The contract of the house: {@link org.kiobd.volume.BlockDevice} and the words around it. Requests are in {@code kiobuf}, the place
 * where they merge in {@code queue}, members in {@code store}, event loops in {@code loop}.
 *
 * <p>Threads: said on each type. Not here: striping (room {@code raid}), the wire (room {@code nbd-server}).
 */
@NullMarked
package org.kiobd.volume;

import org.jspecify.annotations.NullMarked;
