// Attention of one head: a tile of queries at a time, whose scores stay in the nearest cache.
#pragma once

#include "clip/kernels/attention.h"
#include "clip/kernels/sets/tile.h"

namespace pipit::clip {
namespace {

constexpr std::int64_t whole_panels(std::int64_t columns) {
  return (columns + kColumns - 1) / kColumns * kColumns;
}

/// Scores [tile rows][keys], the keys [panels][size][kColumns], values [panels][keys][kColumns], results.
std::int64_t attention_memory(std::int64_t keys, std::int64_t size) {
  return kTileRows * whole_panels(keys) + whole_panels(keys) * size + keys * whole_panels(size) +
         kTileRows * whole_panels(size);
}

/// The first `keys` scores of a row become their softmax, the others, up to `room`, 0.
PIPIT_INLINE void softmax(float* scores, std::int64_t keys, std::int64_t room, float scale) {
  Integers lane{};
  for (std::int32_t i = 0; i < kLanes; ++i) lane[i] = i;
  const auto masked = [&](std::int64_t i, Vector values, float rest) {
    return lane < static_cast<std::int32_t>(keys - i) ? values : Vector{} + rest;
  };
  Vector highs = Vector{} + scores[0];
  for (std::int64_t i = 0; i < keys; i += kLanes) highs = greatest(highs, masked(i, load(scores + i), scores[0]));
  float high = highs[0];
  for (std::int64_t i = 1; i < kLanes; ++i) high = highs[i] > high ? highs[i] : high;
  const float factor = scale * kLog2OfE;
  Vector sums = {};
  for (std::int64_t i = 0; i < keys; i += kLanes) {
    // A NaN's comparisons fail, and it stays one: the sum is NaN then, and so is the result.
    const Vector values = load(scores + i);
    const Vector power = masked(i, power_of_two((values - high) * factor) + values * 0.0f, 0);
    store(scores + i, power);
    sums += power;
  }
  const float inverse = 1 / sum_of(sums);
  std::int64_t i = 0;
  for (; i < keys; i += kLanes) store(scores + i, load(scores + i) * inverse);
  for (; i < room; i += kLanes) store(scores + i, Vector{});
}

void attend(const Attention& attention, float* memory) {
  const std::int64_t size = attention.size;
  const std::int64_t room = whole_panels(attention.keys);
  float* const scores = memory;
  float* const keys = scores + kTileRows * room;
  float* const values = keys + room * size;
  float* const results = values + attention.keys * whole_panels(size);
  for (std::int64_t key = 0; key < attention.keys; key += kColumns) {
    const std::int64_t left = attention.keys - key;
    pack(attention.key + key * attention.key_stride, {attention.key_stride, 1}, left < kColumns ? left : kColumns, size,
         keys + key * size);
  }
  // Values lie as panels already where their columns are whole ones.
  const bool packs = size % kColumns != 0;
  for (std::int64_t column = 0; packs && column < size; column += kColumns) {
    const std::int64_t left = size - column;
    pack(attention.value + column, {1, attention.key_stride}, left < kColumns ? left : kColumns, attention.keys,
         values + column * attention.keys);
  }
  for (std::int64_t query = 0; query < attention.queries; query += kTileRows) {
    const std::int64_t left = attention.queries - query;
    const std::int64_t rows = left < kTileRows ? left : kTileRows;
    const std::int64_t seen = attention.causal ? query + rows : attention.keys;
    for (std::int64_t key = 0; key < seen; key += kColumns) {
      add_rows(rows,
               {attention.query + query * attention.query_stride, attention.query_stride, keys + key * size, kColumns,
                size, scores + key, room},
               true);
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      softmax(scores + r * room, attention.causal ? query + r + 1 : attention.keys, room, attention.scale);
    }
    for (std::int64_t column = 0; column < size; column += kColumns) {
      const std::int64_t columns = size - column < kColumns ? size - column : kColumns;
      float* const result = attention.result + query * attention.result_stride + column;
      const bool direct = columns == kColumns;
      add_rows(rows,
               {scores, room, packs ? values + column * attention.keys : attention.value + column,
                packs ? kColumns : attention.key_stride, seen, direct ? result : results,
                direct ? attention.result_stride : kColumns},
               true);
      for (std::int64_t r = 0; !direct && r < rows; ++r) {
        for (std::int64_t n = 0; n < columns; ++n) result[r * attention.result_stride + n] = results[r * kColumns + n];
      }
    }
  }
}

}  // namespace
}  // namespace pipit::clip
