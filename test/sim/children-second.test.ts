import { describeSeeds } from './seed-suite.ts'

describeSeeds('children', { first: 31, count: 30 })
