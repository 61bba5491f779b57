/**
 * Volumes striped over members: one block device made of several.
 *
 * <p>Nothing here knows of NBD or of Netty; payload memory is seen through the types of the volume room.
 */
@NullMarked
package org.kiobd.raid;

import org.jspecify.annotations.NullMarked;
