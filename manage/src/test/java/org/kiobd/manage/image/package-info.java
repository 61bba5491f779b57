/** Tests of copying and scrubbing devices. */
@NullMarked
package org.kiobd.manage.image;

import org.jspecify.annotations.NullMarked;
