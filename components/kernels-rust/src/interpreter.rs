//! An interpreter of a small bytecode: one loop with a jump table, as guests that hold an interpreter have.

use std::hint::black_box;

/// Instructions of a machine with four registers.
#[derive(Clone, Copy)]
enum Op {
    /// Register becomes a number.
    Set(usize, u32),
    /// First register becomes the sum of both.
    Add(usize, usize),
    /// First register becomes the product of both.
    Multiply(usize, usize),
    /// First register becomes both, bit by bit either.
    Xor(usize, usize),
    /// Register moves right by so many bits, and what falls out comes in on the left.
    Rotate(usize, u32),
    /// Cell at the first register, modulo the number of cells, becomes the second one.
    Store(usize, usize),
    /// First register becomes the cell at the second one.
    Load(usize, usize),
    /// Goes to an instruction if the register, made smaller by one, is not zero.
    CountDown(usize, usize),
    /// The program ends with this register.
    Stop(usize),
}

const CELLS: usize = 256;
const TURNS: usize = 0;
const SUM: usize = 1;
const ADDRESS: usize = 2;
const OTHER: usize = 3;

/// Runs `n` turns of a loop of seven instructions.
pub fn run(n: u32) -> u32 {
    let program = black_box([
        Op::Set(TURNS, n.max(1)),
        Op::Set(SUM, 1),
        Op::Set(ADDRESS, 7),
        Op::Load(OTHER, ADDRESS),
        Op::Add(SUM, OTHER),
        Op::Multiply(SUM, ADDRESS),
        Op::Xor(ADDRESS, TURNS),
        Op::Rotate(SUM, 5),
        Op::Store(ADDRESS, SUM),
        Op::CountDown(TURNS, 3),
        Op::Stop(SUM),
    ]);
    let mut registers = [0u32; 4];
    let mut cells = [3u32; CELLS];
    let mut next = 0;
    loop {
        let op = program[next];
        next += 1;
        match op {
            Op::Set(to, number) => registers[to] = number,
            Op::Add(to, from) => registers[to] = registers[to].wrapping_add(registers[from]),
            Op::Multiply(to, from) => {
                registers[to] = registers[to].wrapping_mul(registers[from] | 1);
            }
            Op::Xor(to, from) => registers[to] ^= registers[from],
            Op::Rotate(to, bits) => registers[to] = registers[to].rotate_right(bits),
            Op::Store(at, from) => cells[registers[at] as usize % CELLS] = registers[from],
            Op::Load(to, at) => registers[to] = cells[registers[at] as usize % CELLS],
            Op::CountDown(count, target) => {
                registers[count] -= 1;
                if registers[count] != 0 {
                    next = target;
                }
            }
            Op::Stop(from) => return registers[from],
        }
    }
}
