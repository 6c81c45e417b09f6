/** The dashboard: a client of the public schema like any other. */
import { render } from 'preact';
import { loadLineChart } from './chart/later-line-chart.tsx';
import { Dashboard } from './page/dashboard.tsx';
import './style.css';

const root = document.getElementById('root');
// In a task of its own, behind that which has read all of the code.
if (root !== null) setTimeout(() => render(<Dashboard />, root));
// A page that stays open for days has all of its code, whatever the service is replaced by.
setTimeout(() => void loadLineChart(), 5_000);
