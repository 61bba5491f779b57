/**
 * The contract every other room stands on: what a block device is and what it promises.
 *
 * <p>Nothing here knows of stripes, sockets or commands.
 */
@NullMarked
package org.kiobd.volume;

import org.jspecify.annotations.NullMarked;
