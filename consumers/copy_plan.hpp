#pragma once

// How a plan of copies is worked out: who holds what, what is missing, where there is room.
//
// Internal to SyncPlanner (consumers/managers/sync_planner.hpp). Pure; made for one step. The
// leader makes one after nearly every event, so a file that has all its copies must cost next to
// nothing.

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "producers/file_needs.hpp"

namespace ringrift::consumers {

/// How soon a copy should be made; earlier ones go first.
enum class Urgency { orphan, claimed, model, single, training, spare };

class CopyPlan {
  public:
    struct Bounds {
        std::size_t copies = 0;  ///< Of every games file and model.
        std::int64_t disk_reserve_bytes = 0;
        bus::Duration sync_patience = {};
        bus::Duration retry_after = {};  ///< After the first failure; doubled by each further one.
        bus::Duration retry_after_max = {};
        std::size_t moves_max = 0;
    };

    CopyPlan(const producers::Sight& sight, const producers::FileNeeds& needs, Bounds bounds);

    /// REQUIRES: called once.
    std::vector<bus::PlannedMove> make();

  private:
    using Files = projections::DataView;
    /// A file that lacks a copy: at `target`, or where there is room.
    struct Lack {
        Urgency urgency = Urgency::spare;
        bus::Position recorded = 0;
        bus::FileDigest file = {};
        bus::NodeId target = {};  ///< Empty: any.
        std::string_view why = {};
    };
    struct Attempt {
        std::set<bus::NodeId> sources = {};  ///< That failed lately.
        int failures = 0;                    ///< Among the syncs that are remembered.
        bus::Time failed_at = {};            ///< The last time.
    };

    void note_syncs();
    /// Whether it is too early to try again.
    bool rests(const bus::FileDigest& file, const bus::NodeId& target) const;
    void note_room();
    void note_lacks();
    void note_lack(Urgency urgency, const bus::FileDigest& file,
                   const projections::FileEntry& entry, const bus::NodeId& target,
                   std::string_view why);
    /// Of what somebody needs, at those nodes.
    void note_needed(Urgency urgency, const std::set<bus::FileDigest>& files,
                     const std::set<bus::NodeId>& nodes, std::string_view why);
    void note_too_few(const bus::FileDigest& file, const projections::FileEntry& entry,
                      std::size_t wanted);
    /// Alive nodes with a copy.
    std::set<bus::NodeId> holders(const projections::FileEntry& entry) const;
    bool lies_at(const projections::FileEntry& entry, std::size_t wanted) const;
    /// Copies that count: on nodes that are well, or on their way there.
    std::size_t lasting(const bus::FileDigest& file, const projections::FileEntry& entry) const;
    bool lacks(const bus::FileDigest& file, const projections::FileEntry& entry,
               const bus::NodeId& node) const;
    std::optional<bus::NodeId> target_for(const Lack& lack,
                                          const projections::FileEntry& entry) const;
    /// A third node to copy to, where the target could fetch it from nobody who has it.
    std::optional<bus::NodeId> way_round(const Lack& lack, const projections::FileEntry& entry,
                                         const bus::NodeId& target) const;
    std::optional<bus::NodeId> source_for(const bus::FileDigest& file,
                                          const projections::FileEntry& entry,
                                          const bus::NodeId& target) const;

    const producers::Sight& sight_;
    const Bounds bounds_;
    const producers::FileNeeds& needs_;
    const std::set<bus::NodeId> well_;  ///< And can fetch.
    const std::set<bus::NodeId> training_;
    std::map<bus::FileDigest, std::set<bus::NodeId>> coming_;  ///< To nodes that are well.
    std::map<std::pair<bus::FileDigest, bus::NodeId>, Attempt> attempts_;
    std::map<bus::NodeId, std::int64_t> room_;
    std::map<bus::NodeId, std::int64_t> load_;  ///< Moves from each source, in this plan.
    std::vector<Lack> lacks_;
};

}  // namespace ringrift::consumers
