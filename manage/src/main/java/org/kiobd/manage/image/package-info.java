/**
 * Fills a volume from an image, and an image from a volume: {@link org.kiobd.manage.image.DeviceCopy}. Holes stay holes.
 *
 * <p>Threads: the thread of the command, and one loop for the devices. Not here: served volumes, which their clients copy.
 */
@NullMarked
package org.kiobd.manage.image;

import org.jspecify.annotations.NullMarked;
