// How an image is to be shown, from the three places where that is written.
#pragma once

#include <optional>

#include "media/image/bytes.h"
#include "media/picture.h"

namespace pipit::image {

/// EXIF's data, with its prefix "Exif\0\0" or without. Nothing where it has no orientation; upright where the number is
/// none of the eight. The number may be of any of TIFF's integer types.
std::optional<video::Orientation> exif_orientation(Bytes exif);

/// The same data as hexadecimal digits behind three lines, as ImageMagick writes it into PNG ("Raw profile type exif").
std::optional<video::Orientation> raw_profile_orientation(Bytes profile);

/// XMP's tiff:Orientation, found as Pillow finds it: as text, whatever the XML around it.
std::optional<video::Orientation> xmp_orientation(Bytes xmp);

/// What was found while a file was read. XMP counts where EXIF has no orientation, as in Pillow's exif_transpose.
struct FoundOrientation {
  std::optional<video::Orientation> exif;
  std::optional<video::Orientation> xmp;

  video::Orientation shown() const { return exif.value_or(xmp.value_or(video::Orientation{})); }
};

}  // namespace pipit::image
