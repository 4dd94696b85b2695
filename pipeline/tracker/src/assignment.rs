//! Who is who: the assignment of rows to columns with the least total cost.
//!
//! Costs are whole numbers, so that sums are exact and ties are broken the same way everywhere.

/// Costs of `n_rows` × `n_cols` pairs; `None` where a pair is not allowed.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    n_cols: usize,
    cells: Vec<Option<i64>>,
    n_rows: usize,
}

impl Costs {
    /// No pair is allowed yet.
    pub fn new(n_rows: usize, n_cols: usize) -> Self {
        Self {
            n_cols,
            cells: vec![None; n_rows * n_cols],
            n_rows,
        }
    }

    /// Allows a pair at this cost. Pairs outside the matrix are ignored.
    pub fn allow(&mut self, row: usize, col: usize, cost: i64) {
        if col < self.n_cols
            && let Some(cell) = self.cells.get_mut(row * self.n_cols + col)
        {
            *cell = Some(cost);
        }
    }

    /// What a pair costs, when it is allowed.
    pub fn get(&self, row: usize, col: usize) -> Option<i64> {
        let is_inside = row < self.n_rows && col < self.n_cols;
        if is_inside {
            self.cells[row * self.n_cols + col]
        } else {
            None
        }
    }
}

/// For each row its column, so that the sum of the pairs' costs and of `miss_cost` for every row
/// left alone is least.
///
/// A pair that costs `miss_cost` or more is never made. Of equally good assignments it is the one
/// in which earlier rows have earlier columns, and later rows stay alone. This is the Hungarian
/// algorithm with potentials (Kuhn 1955, Munkres 1957), O(rows² × columns): every row has, beside
/// the real columns, one column of its own that means "alone".
pub fn assign(costs: &Costs, miss_cost: i64) -> Vec<Option<usize>> {
    let (n_rows, n_cols) = (costs.n_rows, costs.n_cols);
    // Rows that can only stay alone are left out: most pairs of a street are far apart.
    let rows: Vec<usize> = (0..n_rows)
        .filter(|&r| (0..n_cols).any(|c| costs.get(r, c).is_some_and(|cost| cost < miss_cost)))
        .collect();
    // Ties are broken by a term that cannot outweigh one unit of cost: (rows - row) × column is
    // least, by the rearrangement inequality, when earlier rows have earlier columns; "alone"
    // counts as the last column.
    let tie = |row: usize, col: usize| ((rows.len() - row) * col) as i128;
    let unit = (rows.len() * rows.len() * (n_cols + 1)) as i128 + 1;
    let cost_of = |row: usize, col: usize| -> i128 {
        if n_cols <= col {
            return if col - n_cols == row {
                i128::from(miss_cost) * unit + tie(row, n_cols)
            } else {
                FORBIDDEN
            };
        }
        match costs.get(rows[row], col) {
            Some(cost) if cost < miss_cost => i128::from(cost) * unit + tie(row, col),
            _ => FORBIDDEN,
        }
    };
    let row_of_col = hungarian(rows.len(), n_cols + rows.len(), cost_of);
    let mut assigned = vec![None; n_rows];
    for (col, row) in row_of_col.into_iter().enumerate().take(n_cols) {
        if let Some(row) = row {
            assigned[rows[row]] = Some(col);
        }
    }
    assigned
}

/// More than any sum of costs: 2^63 each, times rows² × columns of at most 2^30, times as many
/// rows.
const FORBIDDEN: i128 = 1 << 110;

/// The row of each column. Needs at least as many columns as rows.
fn hungarian(
    n_rows: usize,
    n_cols: usize,
    cost_of: impl Fn(usize, usize) -> i128,
) -> Vec<Option<usize>> {
    // Index 0 is a sentinel on both sides: column 0 holds the row that is being placed.
    let mut row_potential = vec![0_i128; n_rows + 1];
    let mut col_potential = vec![0_i128; n_cols + 1];
    let mut row_of_col = vec![0_usize; n_cols + 1];
    for row in 1..=n_rows {
        row_of_col[0] = row;
        let mut col = 0;
        let mut slack = vec![i128::MAX; n_cols + 1];
        let mut came_from = vec![0_usize; n_cols + 1];
        let mut is_used = vec![false; n_cols + 1];
        while row_of_col[col] != 0 {
            is_used[col] = true;
            let (here, mut least, mut next) = (row_of_col[col], i128::MAX, 0);
            for c in 1..=n_cols {
                if is_used[c] {
                    continue;
                }
                let reduced = cost_of(here - 1, c - 1) - row_potential[here] - col_potential[c];
                if reduced < slack[c] {
                    slack[c] = reduced;
                    came_from[c] = col;
                }
                if slack[c] < least {
                    least = slack[c];
                    next = c;
                }
            }
            for c in 0..=n_cols {
                if is_used[c] {
                    row_potential[row_of_col[c]] += least;
                    col_potential[c] -= least;
                } else if slack[c] < i128::MAX {
                    slack[c] -= least;
                }
            }
            col = next;
        }
        while col != 0 {
            let before = came_from[col];
            row_of_col[col] = row_of_col[before];
            col = before;
        }
    }
    row_of_col
        .into_iter()
        .skip(1)
        .map(|row| row.checked_sub(1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MISS: i64 = 100;

    fn matrix(rows: &[Vec<Option<i64>>]) -> Costs {
        let n_cols = rows.first().map_or(0, Vec::len);
        let mut costs = Costs::new(rows.len(), n_cols);
        for (r, row) in rows.iter().enumerate() {
            for (c, cell) in row.iter().enumerate() {
                if let Some(cost) = cell {
                    costs.allow(r, c, *cost);
                }
            }
        }
        costs
    }

    fn total(costs: &Costs, assigned: &[Option<usize>]) -> i64 {
        assigned
            .iter()
            .enumerate()
            .map(|(r, col)| col.map_or(MISS, |c| costs.get(r, c).unwrap()))
            .sum()
    }

    fn brute_force(costs: &Costs, row: usize, used: &mut Vec<bool>) -> i64 {
        if row == costs.n_rows {
            return 0;
        }
        let mut best = MISS + brute_force(costs, row + 1, used);
        for col in 0..costs.n_cols {
            if let Some(cost) = costs.get(row, col)
                && cost < MISS
                && !used[col]
            {
                used[col] = true;
                best = best.min(cost + brute_force(costs, row + 1, used));
                used[col] = false;
            }
        }
        best
    }

    #[track_caller]
    fn check(rows: &[Vec<Option<i64>>], expect: &[Option<usize>]) {
        assert_eq!(assign(&matrix(rows), MISS), expect);
    }

    #[test]
    fn small_matrices() {
        check(&[], &[]);
        check(&[vec![]], &[None]);
        check(&[vec![Some(1), Some(2)]], &[Some(0)]);
        check(&[vec![Some(1)], vec![Some(0)]], &[None, Some(0)]);
        check(
            &[vec![Some(1), Some(2)], vec![Some(1), Some(9)]],
            &[Some(1), Some(0)],
        );
        check(&[vec![None, Some(MISS)]], &[None]);
    }

    #[test]
    fn ties_go_to_the_earlier_row_and_column() {
        check(
            &[vec![Some(5), Some(5)], vec![Some(5), Some(5)]],
            &[Some(0), Some(1)],
        );
        check(&[vec![Some(5)], vec![Some(5)]], &[Some(0), None]);
    }

    #[test]
    fn a_full_street_is_assigned() {
        let mut costs = Costs::new(120, 120);
        for row in 0..120 {
            for col in 0..120 {
                let distance = i64::try_from(row.max(col) - row.min(col)).unwrap();
                costs.allow(row, (col + 7) % 120, distance);
            }
        }
        let expect: Vec<_> = (0..120).map(|row| Some((row + 7) % 120)).collect();
        assert_eq!(assign(&costs, MISS), expect);
    }

    proptest! {
        #[test]
        fn no_assignment_is_cheaper(
            (n_rows, n_cols, cells) in (0_usize..=6, 0_usize..=6).prop_flat_map(|(r, c)| {
                let cell = prop::option::weighted(0.8, -20_i64..120);
                (Just(r), Just(c), prop::collection::vec(cell, r * c))
            })
        ) {
            let mut costs = Costs::new(n_rows, n_cols);
            for row in 0..n_rows {
                for col in 0..n_cols {
                    if let Some(cost) = cells[row * n_cols + col] {
                        costs.allow(row, col, cost);
                    }
                }
            }
            let assigned = assign(&costs, MISS);
            let mut columns: Vec<usize> = assigned.iter().flatten().copied().collect();
            columns.sort_unstable();
            let n_pairs = columns.len();
            columns.dedup();
            prop_assert_eq!(columns.len(), n_pairs);
            let best = brute_force(&costs, 0, &mut vec![false; n_cols]);
            prop_assert_eq!(total(&costs, &assigned), best);
        }
    }
}
