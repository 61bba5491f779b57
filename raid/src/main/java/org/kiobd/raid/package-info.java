/**
 * Arrays: a {@link org.kiobd.raid.Volume} is an open block device over members, {@link org.kiobd.raid.ArrayAssembler} makes, opens,
 * checks and changes arrays. Today there is one layout, {@link org.kiobd.raid.Raid0Device}.
 *
 * <p>Threads: the data path is confined to the loop of a request; control calls may come from any thread. Not here: the arithmetic
 * ({@code layout}), the wire, the catalog. No Netty type appears in this room.
 */
@NullMarked
package org.kiobd.raid;

import org.jspecify.annotations.NullMarked;
