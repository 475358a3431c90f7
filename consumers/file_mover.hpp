#pragma once

// FileMover: makes the files on this node be what the log plans for it, as JobManager does for
// jobs.
//
// Level-triggered: what a claim of this node needs, and then what an open sync wants here, is
// fetched if it is not here; what a FILE_DELETED that holds has given up is removed; what has come
// or failed is reported until the log has it. A fetch has failed when every node that is alive and
// has a copy was tried. So a restart needs no recovery code. Belongs to the node's thread.
//
// What became of one file, that it came and that it was found damaged, is said in the order in
// which it was, one after the other: whoever folds it ends where the disk did.
//
// A file that the node had given up before it came up may be one that it fetched again just before
// it went down, and whose FILE_REPLICATED is still on its way into the log, so that others count on
// this copy. Such files are left for `leftovers_rest`, longer than anything is on its way.

#include <deque>
#include <map>
#include <set>
#include <string>

#include "consumers/loop.hpp"
#include "consumers/transfers.hpp"

namespace ringrift::consumers {

class FileMover {
  public:
    explicit FileMover(Transfers& transfers) : transfers_(transfers) {}

    /// Takes the carriers' news. Returns how many reports there were.
    std::size_t sense(bus::Time now);

    /// What claims of this node wait for, from now on; replaces what was wanted before.
    void want(std::set<bus::FileDigest> files) { wanted_ = std::move(files); }

    /// What jobs here have just made: it stays, though an older FILE_DELETED of this node may hold.
    /// Replaces what was kept before.
    void keep(std::set<bus::FileDigest> files) { kept_ = std::move(files); }

    /// Why the file will not come, as a sentence: nobody who is alive has it, or all were tried in
    /// vain. Empty while there is hope.
    std::optional<std::string> hopeless(const producers::Sight& sight,
                                        const bus::FileDigest& file) const;

    /// Fetches what is due and removes what may go. Nothing may while the view does not show all
    /// that this node has said: it may have said since that a file is here again. Returns how much
    /// was begun.
    std::size_t carry_out(const producers::Sight& sight, bool shows_all_said = true);

    /// What the log should be told: DATA_SYNC_STARTED, FILE_REPLICATED, DATA_SYNC_FAILED,
    /// FILE_QUARANTINED. (DATA_SYNC_COMPLETED is the leader's, see SyncPlanner.)
    Commands reports(const producers::Sight& sight) const;

    /// One of `reports` was answered: it stands in the log at `at`, or was refused (0). It is not
    /// said again, whatever becomes of the file.
    void answered(const producers::Command& report, bus::Position at);

    /// Forgets what was said once it is folded, and failures whose sync is over or whose claim
    /// waits no more. Returns how much.
    std::size_t settle(const producers::Sight& sight, bus::Position folded);

    std::size_t under_way() const { return under_way_.size(); }

  private:
    /// A verified copy came from `source`, or the one here was found damaged.
    struct News {
        bus::Time at = {};
        bool is_damage = false;
        bus::NodeId source = {};
        std::string reason = {};
        bus::Position said_at = 0;  ///< 0: the log has not answered. A reader may be behind it.
    };
    using NewsOfFiles = std::map<bus::FileDigest, std::deque<News>>;
    void note(const bus::FileDigest& file, News news);
    NewsOfFiles::iterator forget_first(NewsOfFiles::iterator news);
    struct Fetching {
        std::vector<bus::NodeId> sources = {};
        std::string sync = {};  ///< For which it was begun; empty: for a claim.
    };
    struct Failure {
        std::string sentence = {};
        std::string sync = {};  ///< As above. The failure is forgotten with it.
        std::set<bus::NodeId> tried = {};
        bool is_ours = false;  ///< The trouble is here: no other source would help.
    };
    /// How the moves of one sync to this node stand.
    struct Standing {
        bool has_begun = false;
        bool has_hope = false;
        std::string sentence = {};  ///< Why one of them failed; empty when none did.
    };
    Standing standing_of(const producers::Sight& sight, const projections::SyncEntry& sync) const;
    bool is_touched(const bus::FileDigest& file) const;
    bool has_failed(const producers::Sight& sight, const bus::FileDigest& file) const;
    bool fetch(const producers::Sight& sight, TransferOrder order, const std::string& sync);
    std::size_t remove(const producers::Sight& sight);
    void look_for_removals(const producers::Sight& sight);
    void leave_leftovers(bus::Time now);

    Transfers& transfers_;
    std::set<bus::FileDigest> wanted_;
    std::set<bus::FileDigest> kept_;
    std::map<bus::FileDigest, Fetching> under_way_;
    /// When all files here were last compared with what the log has given up.
    struct Look {
        bus::Position files_as_of = 0;
        std::size_t files = 0;
        std::int64_t deletions = 0;  ///< FILE_DELETED that were folded.
        friend bool operator==(const Look&, const Look&) = default;
    };
    Look last_look_;
    std::optional<bus::Time> looked_at_;
    std::vector<bus::FileDigest> to_remove_;  ///< As of that look.
    std::optional<bus::Time> first_look_at_;
    std::set<bus::FileDigest> leftovers_;  ///< Given up already by the first look.
    std::set<bus::FileDigest> removed_;    ///< Asked for since the directory was last read.
    bus::Position removed_as_of_ = 0;
    NewsOfFiles news_;  ///< Of each file, oldest first.
    std::map<bus::FileDigest, Failure> failed_;
};

/// The moves of open syncs to this node that have not been made, one for each file.
std::vector<TransferOrder> plan_transfers(const producers::Sight& sight);

/// Files that lie here though the node's own FILE_DELETED holds.
std::vector<bus::FileDigest> plan_removals(const producers::Sight& sight);

/// Files that the node has given up are looked for when one more was given up or the directory was
/// read, and otherwise so often: there may be very many files, and rounds are short.
inline constexpr bus::Duration removals_every = std::chrono::minutes(1);
inline constexpr bus::Duration leftovers_rest = std::chrono::minutes(30);
inline constexpr std::size_t transfers_max = 4;  ///< At the same time.
inline constexpr std::size_t sources_per_transfer_max = 3;

}  // namespace ringrift::consumers
