/** Tests of {@link org.kiobd.cli.image.DeviceScrub}. */
@NullMarked
package org.kiobd.cli.image;

import org.jspecify.annotations.NullMarked;
