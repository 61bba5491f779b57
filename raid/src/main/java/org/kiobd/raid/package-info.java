/**
 * Arrays: a {@link org.kiobd.raid.Volume} is an open block device over members; {@link org.kiobd.raid.ArrayAssembler} creates, opens,
 * checks and changes arrays. {@link org.kiobd.raid.ArrayDevice} and its ports are the same for all layouts; a {@link
 * org.kiobd.raid.Personality} has the rest, and {@link org.kiobd.raid.Raid0Personality} is the only one at present.
 *
 * <p>Threads: the data path is confined to the event loop of the request; control methods may be called from any thread. Not here: the
 * striping arithmetic ({@code layout}), the network protocol, the catalog. This package uses no Netty types.
 */
@NullMarked
package org.kiobd.raid;

import org.jspecify.annotations.NullMarked;
