/**
 * Arrays: a {@link org.kiobd.raid.Volume} is an open block device over members; {@link org.kiobd.raid.ArrayAssembler} creates, opens,
 * checks and changes arrays. The only layout at present is {@link org.kiobd.raid.Raid0Device}.
 *
 * <p>Threads: the data path is confined to the event loop of the request; control methods may be called from any thread. Not here: the
 * striping arithmetic ({@code layout}), the network protocol, the catalog. This package uses no Netty types.
 */
@NullMarked
package org.kiobd.raid;

import org.jspecify.annotations.NullMarked;
